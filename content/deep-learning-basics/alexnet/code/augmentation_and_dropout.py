import keras
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
# Few images on purpose: this is where augmentation and dropout show
x_train = x_train[:2000, ..., None].astype("float32") / 255.0
y_train = y_train[:2000]
x_test = x_test[..., None].astype("float32") / 255.0


def build_model(augmentation, dropout):
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            *augmentation,  # random while training, inactive while predicting
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


# No mirroring here: a mirrored 2 is not a 2
shift_and_turn = [
    layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
    layers.RandomRotation(0.03, fill_mode="constant"),
]

for name, augmentation, dropout in (
    ("neither", [], 0.0),
    ("dropout", [], 0.5),
    ("both", shift_and_turn, 0.5),
):
    keras.utils.set_random_seed(42)
    model = build_model(augmentation, dropout)
    model.fit(x_train, y_train, batch_size=64, epochs=30, verbose=0)
    train_accuracy = model.evaluate(x_train, y_train, verbose=0)[1]
    test_accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"{name:8s} training {train_accuracy:.3f}  test {test_accuracy:.3f}")
