import keras
from keras import layers

# 3x3 convolutions in each of the five blocks (Simonyan and Zisserman, 2015, table 1)
BLOCKS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
CHANNELS = (64, 128, 256, 512, 512)


def build_vgg(depth, classes=1000, input_shape=(224, 224, 3)):
    model = keras.Sequential([keras.Input(shape=input_shape)], name=f"vgg{depth}")
    for convolutions, channels in zip(BLOCKS[depth], CHANNELS):
        for _ in range(convolutions):
            model.add(
                layers.Conv2D(channels, (3, 3), padding="same", activation="relu")
            )
        model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Flatten())
    for _ in range(2):
        model.add(layers.Dense(4096, activation="relu"))
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(classes, activation="softmax"))
    return model


for depth in BLOCKS:
    print(f"VGG-{depth}: {build_vgg(depth).count_params():,} parameters")

model = build_vgg(16)
assert model.count_params() == 138_357_544
model.compile(
    optimizer=keras.optimizers.SGD(
        learning_rate=0.01, momentum=0.9, weight_decay=0.0005
    ),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=5)],
)
