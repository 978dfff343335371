import keras
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
x_train = x_train.astype("float32") / 255.0
x_test = x_test.astype("float32") / 255.0

keras.utils.set_random_seed(42)

# MobileNet v1 (Howard et al., 2017, table 1), layer by layer, for images of 32 x 32:
# the first convolution has stride 1, and there are 10 classes. It has 3,217,226
# trainable parameters: the 4,231,976 of the full size, less 990 classes of 1,024
# weights and a bias
model = keras.Sequential(
    [
        keras.Input(shape=(32, 32, 3)),
        layers.Conv2D(32, (3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 1: 32 to 64 channels, 32 x 32
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(64, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 2: 64 to 128 channels, 16 x 16
        layers.DepthwiseConv2D((3, 3), strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(128, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 3: 128 to 128 channels, 16 x 16
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(128, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 4: 128 to 256 channels, 8 x 8
        layers.DepthwiseConv2D((3, 3), strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(256, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 5: 256 to 256 channels, 8 x 8
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(256, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 6: 256 to 512 channels, 4 x 4
        layers.DepthwiseConv2D((3, 3), strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(512, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 7: 512 to 512 channels, 4 x 4
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(512, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 8: 512 to 512 channels, 4 x 4
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(512, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 9: 512 to 512 channels, 4 x 4
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(512, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 10: 512 to 512 channels, 4 x 4
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(512, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 11: 512 to 512 channels, 4 x 4
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(512, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 12: 512 to 1024 channels, 2 x 2
        layers.DepthwiseConv2D((3, 3), strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(1024, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        # 13: 1024 to 1024 channels, 2 x 2
        layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Conv2D(1024, (1, 1), use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10, activation="softmax"),
    ],
    name="mobilenet_v1_small",
)
model.summary()

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=128, epochs=3, validation_split=0.1)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test accuracy: {accuracy:.3f}")
