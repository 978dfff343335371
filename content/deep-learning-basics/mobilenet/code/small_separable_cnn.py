import keras
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[..., None].astype("float32") / 255.0
x_test = x_test[..., None].astype("float32") / 255.0

keras.utils.set_random_seed(42)

# SeparableConv2D is a depthwise and a pointwise convolution in one layer;
# standard convolutions in their places would have 18,496 and 73,856 parameters
model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, (3, 3), activation="relu"),
        layers.SeparableConv2D(64, (3, 3), activation="relu"),  # 2,400
        layers.MaxPooling2D((2, 2)),
        layers.SeparableConv2D(128, (3, 3), activation="relu"),  # 8,896
        layers.GlobalAveragePooling2D(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()  # 12,906 parameters

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.002),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=128, epochs=5, validation_split=0.1)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test accuracy: {accuracy:.3f}")
