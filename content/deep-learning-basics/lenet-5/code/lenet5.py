import keras
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[..., None].astype("float32") / 255.0
x_test = x_test[..., None].astype("float32") / 255.0

keras.utils.set_random_seed(42)

# LeNet-5 in its modern form: 61,706 parameters
model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(6, (5, 5), padding="same", activation="tanh"),  # C1
        layers.AveragePooling2D((2, 2)),  # S2
        layers.Conv2D(16, (5, 5), activation="tanh"),  # C3
        layers.AveragePooling2D((2, 2)),  # S4
        layers.Flatten(),
        layers.Dense(120, activation="tanh"),  # C5
        layers.Dense(84, activation="tanh"),  # F6
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=128, epochs=5, validation_split=0.1)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test accuracy: {accuracy:.3f}")
