import keras
from keras import layers, ops

# Channels and stride of the 13 separable convolutions (Howard et al., 2017, table 1)
BLOCKS = [
    (64, 1),
    (128, 2), (128, 1),
    (256, 2), (256, 1),
    (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
]  # fmt: skip


def separable(channels, strides):
    """Look around within each channel, then mix the channels."""
    return [
        layers.DepthwiseConv2D(
            (3, 3), strides=strides, padding="same", use_bias=False
        ),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(channels, (1, 1), use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]


def build_mobilenet(alpha=1.0, classes=1000, input_shape=(224, 224, 3)):
    """MobileNet v1; alpha is the width multiplier."""
    stack = [
        keras.Input(shape=input_shape),
        layers.Conv2D(
            int(32 * alpha), (3, 3), strides=2, padding="same", use_bias=False
        ),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]
    for channels, strides in BLOCKS:
        stack += separable(int(channels * alpha), strides)
    stack += [
        layers.GlobalAveragePooling2D(),
        layers.Dense(classes, activation="softmax"),
    ]
    return keras.Sequential(stack, name="mobilenet_v1")


def count_trainable(model):
    return int(sum(ops.size(weight) for weight in model.trainable_weights))


for alpha in (1.0, 0.75, 0.5, 0.25):
    print(f"alpha {alpha:4.2f}: {count_trainable(build_mobilenet(alpha)):,} parameters")
assert count_trainable(build_mobilenet()) == 4_231_976
