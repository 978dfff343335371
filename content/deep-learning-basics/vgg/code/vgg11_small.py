import keras
from keras import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
x_train = x_train.astype("float32") / 255.0
x_test = x_test.astype("float32") / 255.0

keras.utils.set_random_seed(42)

# VGG-11 in the form that is usual for images of 32 x 32: batch normalisation after
# each convolution, and one dense layer behind the global average (9,231,114 trainable
# parameters, where the published VGG-11 has 132,863,336)
model = keras.Sequential(
    [
        keras.Input(shape=(32, 32, 3)),
        # Block 1: 32 x 32
        layers.Conv2D(64, (3, 3), padding="same", kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        layers.ReLU(),
        layers.MaxPooling2D((2, 2)),
        # Block 2: 16 x 16
        layers.Conv2D(128, (3, 3), padding="same", kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        layers.ReLU(),
        layers.MaxPooling2D((2, 2)),
        # Block 3: 8 x 8
        layers.Conv2D(256, (3, 3), padding="same", kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        layers.ReLU(),
        layers.Conv2D(256, (3, 3), padding="same", kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        layers.ReLU(),
        layers.MaxPooling2D((2, 2)),
        # Block 4: 4 x 4
        layers.Conv2D(512, (3, 3), padding="same", kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        layers.ReLU(),
        layers.Conv2D(512, (3, 3), padding="same", kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        layers.ReLU(),
        layers.MaxPooling2D((2, 2)),
        # Block 5: 2 x 2
        layers.Conv2D(512, (3, 3), padding="same", kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        layers.ReLU(),
        layers.Conv2D(512, (3, 3), padding="same", kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        layers.ReLU(),
        layers.MaxPooling2D((2, 2)),
        # 1 x 1 x 512 numbers are left
        layers.GlobalAveragePooling2D(),
        layers.Dense(10, activation="softmax"),
    ],
    name="vgg11_small",
)
model.summary()

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.0005),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=128, epochs=3, validation_split=0.1)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test accuracy: {accuracy:.3f}")
