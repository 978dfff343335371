import keras
from keras import layers


def conv(x, channels, kernel=3, strides=1):
    x = layers.Conv2D(
        channels, kernel, strides=strides, padding="same", use_bias=False
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)  # few steps: average over fewer
    return layers.ReLU()(x)


def residual_block(x):
    channels = x.shape[-1]
    return layers.Add()([x, conv(conv(x, channels), channels)])


def ordinary_stage(x, blocks):
    for _ in range(blocks):
        x = residual_block(x)
    return x


def partial_stage(x, blocks):
    """A cross-stage partial stage: half of the channels go past the blocks."""
    channels = x.shape[-1]
    past, through = x[..., : channels // 2], x[..., channels // 2 :]
    for _ in range(blocks):
        through = residual_block(through)
    through = conv(through, channels // 2, kernel=1)  # the first transition
    joined = layers.Concatenate()([past, through])
    return conv(joined, channels, kernel=1)  # the second transition


def build_network(stage, blocks=3, classes=10):
    """A small residual network for 28x28 images, with stages of the given kind."""
    inputs = keras.Input(shape=(28, 28, 1))
    x = conv(inputs, 32)
    x = stage(x, blocks)
    x = conv(x, 64, strides=2)
    x = stage(x, blocks)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(inputs, outputs)


(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
# A third of the images, for without a graphics processor this takes its time
x_train = x_train[:20000, ..., None].astype("float32") / 255.0
y_train = y_train[:20000]
x_test = x_test[..., None].astype("float32") / 255.0

for name, stage in (("ordinary", ordinary_stage), ("partial", partial_stage)):
    keras.utils.set_random_seed(42)
    model = build_network(stage)
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x_train, y_train, batch_size=128, epochs=2, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"{name:8s} {model.count_params():,} parameters, accuracy {accuracy:.3f}")
