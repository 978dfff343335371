import keras
from keras import layers

# AlexNet for 1,000 classes. Two liberties: all channels on one processor, so that the
# layers 2, 4 and 5 have no groups (62,378,344 parameters instead of 60,965,224), and
# no local response normalisation.
model = keras.Sequential(
    [
        keras.Input(shape=(227, 227, 3)),
        layers.Conv2D(96, (11, 11), strides=4, activation="relu"),
        layers.MaxPooling2D((3, 3), strides=2),
        layers.Conv2D(256, (5, 5), padding="same", activation="relu"),
        layers.MaxPooling2D((3, 3), strides=2),
        layers.Conv2D(384, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(384, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(256, (3, 3), padding="same", activation="relu"),
        layers.MaxPooling2D((3, 3), strides=2),
        layers.Flatten(),
        layers.Dense(4096, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(4096, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(1000, activation="softmax"),
    ],
    name="alexnet",
)
model.summary()
assert model.count_params() == 62_378_344

model.compile(
    optimizer=keras.optimizers.SGD(
        learning_rate=0.01, momentum=0.9, weight_decay=0.0005
    ),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=5)],
)
