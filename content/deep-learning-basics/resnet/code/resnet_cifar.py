import keras
from keras import layers, ops


def conv(x, channels, strides=1):
    x = layers.Conv2D(
        channels,
        (3, 3),
        strides=strides,
        padding="same",
        use_bias=False,  # the batch normalisation that follows has one
        kernel_initializer="he_normal",
    )(x)
    return layers.BatchNormalization()(x)


def basic_block(x, channels, strides):
    shortcut = x
    if strides != 1:  # option A: every second pixel, new channels filled with zeros
        missing = channels - x.shape[-1]
        shortcut = ops.pad(x[:, ::2, ::2, :], ((0, 0), (0, 0), (0, 0), (0, missing)))
    x = layers.ReLU()(conv(x, channels, strides))
    x = conv(x, channels)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def build_resnet(n, classes=10):
    """The CIFAR-10 networks of He et al. (2016), section 4.2: 6n + 2 layers."""
    inputs = keras.Input(shape=(32, 32, 3))
    x = layers.ReLU()(conv(inputs, 16))
    for stage, channels in enumerate((16, 32, 64)):
        for block in range(n):
            strides = 2 if stage > 0 and block == 0 else 1
            x = basic_block(x, channels, strides)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(inputs, outputs, name=f"resnet{6 * n + 2}")


for n in (3, 5, 7, 9, 18):
    model = build_resnet(n)
    trainable = sum(ops.size(weight) for weight in model.trainable_weights)
    print(f"{model.name}: {int(trainable):,} trainable parameters")

(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
x_train, x_test = x_train.astype("float32") / 255.0, x_test.astype("float32") / 255.0

keras.utils.set_random_seed(42)
model = build_resnet(3)
model.compile(
    optimizer=keras.optimizers.SGD(
        learning_rate=0.1, momentum=0.9, weight_decay=0.0001
    ),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=128, epochs=10, validation_split=0.1)
print("test:", model.evaluate(x_test, y_test, verbose=0))
