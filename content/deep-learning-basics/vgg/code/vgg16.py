import keras
from keras import layers

# VGG-16 (Simonyan and Zisserman, 2015, table 1, column D), layer by layer
model = keras.Sequential(
    [
        keras.Input(shape=(224, 224, 3)),
        # Block 1: 224 x 224
        layers.Conv2D(64, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(64, (3, 3), padding="same", activation="relu"),
        layers.MaxPooling2D((2, 2)),
        # Block 2: 112 x 112
        layers.Conv2D(128, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(128, (3, 3), padding="same", activation="relu"),
        layers.MaxPooling2D((2, 2)),
        # Block 3: 56 x 56
        layers.Conv2D(256, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(256, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(256, (3, 3), padding="same", activation="relu"),
        layers.MaxPooling2D((2, 2)),
        # Block 4: 28 x 28
        layers.Conv2D(512, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(512, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(512, (3, 3), padding="same", activation="relu"),
        layers.MaxPooling2D((2, 2)),
        # Block 5: 14 x 14
        layers.Conv2D(512, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(512, (3, 3), padding="same", activation="relu"),
        layers.Conv2D(512, (3, 3), padding="same", activation="relu"),
        layers.MaxPooling2D((2, 2)),
        # 7 x 7 x 512 numbers are left; the next layer alone has 102,764,544 parameters
        layers.Flatten(),
        layers.Dense(4096, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(4096, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(1000, activation="softmax"),
    ],
    name="vgg16",
)
model.summary()
assert model.count_params() == 138_357_544

model.compile(
    optimizer=keras.optimizers.SGD(
        learning_rate=0.01, momentum=0.9, weight_decay=0.0005
    ),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=5)],
)
