import keras
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[..., None].astype("float32") / 255.0
x_test = x_test[..., None].astype("float32") / 255.0

# The large task alone: the digits 0 to 4, all images of them
x_train, y_train = x_train[y_train < 5], y_train[y_train < 5]
x_test, y_test = x_test[y_test < 5], y_test[y_test < 5]

keras.utils.set_random_seed(42)

model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        # The body: 121,280 parameters, which the small task takes over
        layers.Conv2D(32, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Conv2D(64, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        # The head: 325 parameters, which it replaces by its own
        layers.Dense(5, activation="softmax"),
    ]
)
model.summary()  # 121,605 parameters

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=128, epochs=3)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test accuracy: {accuracy:.3f}")
