import keras
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[..., None].astype("float32") / 255.0
x_test = x_test[..., None].astype("float32") / 255.0

# The large task: the digits 0 to 4, all images.
# The small task: the digits 5 to 9, of which we pretend to have only 100 images.
large = y_train < 5
x_large, y_large = x_train[large], y_train[large]
x_small, y_small = x_train[~large][:100], y_train[~large][:100] - 5
x_check, y_check = x_test[y_test >= 5], y_test[y_test >= 5] - 5


def build_body():
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
        ],
        name="body",
    )


def train(model, x, y, epochs, learning_rate):
    model.compile(  # also needed for a change of `trainable` to take effect
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=min(128, len(x) // 5), epochs=epochs, verbose=0)


def check(name, model):
    accuracy = model.evaluate(x_check, y_check, verbose=0)[1]
    print(f"{name:26s} test accuracy on 5 to 9: {accuracy:.3f}")


keras.utils.set_random_seed(42)
scratch = keras.Sequential([build_body(), layers.Dense(5, activation="softmax")])
train(scratch, x_small, y_small, epochs=60, learning_rate=1e-3)
check("from scratch", scratch)

keras.utils.set_random_seed(42)
body = build_body()
train(
    keras.Sequential([body, layers.Dense(5, activation="softmax")]),
    x_large,
    y_large,
    epochs=3,
    learning_rate=1e-3,
)

body.trainable = False  # a new head on a frozen body
model = keras.Sequential([body, layers.Dense(5, activation="softmax")])
train(model, x_small, y_small, epochs=60, learning_rate=1e-3)
check("new head, frozen body", model)

body.trainable = True  # now everything, in small steps
train(model, x_small, y_small, epochs=60, learning_rate=1e-4)
check("fine-tuned", model)
