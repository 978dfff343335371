import keras
from keras import layers, optimizers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train.astype("float32") / 255.0
x_test = x_test.astype("float32") / 255.0


def build_model():
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


epochs, batch_size = 3, 128
steps = epochs * -(-len(x_train) // batch_size)  # rounded up

candidates = {
    "SGD": optimizers.SGD(learning_rate=0.01),
    "SGD with momentum": optimizers.SGD(learning_rate=0.01, momentum=0.9),
    "Adam": optimizers.Adam(learning_rate=0.001),
    # A schedule that ends at zero can afford to begin higher
    "Adam, cosine schedule": optimizers.Adam(
        learning_rate=optimizers.schedules.CosineDecay(0.003, decay_steps=steps)
    ),
}

for name, optimizer in candidates.items():
    keras.utils.set_random_seed(42)  # the same initial weights for all
    model = build_model()
    model.compile(
        optimizer=optimizer,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"{name:22s} test loss {loss:.3f}  test accuracy {accuracy:.3f}")
