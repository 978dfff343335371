"""Keras on TensorFlow, by its own `fit` on arrays: python keras_fit.py <network> <batch> <threads> <cpu|gpu>."""
import os
import sys

os.environ['KERAS_BACKEND'] = 'tensorflow'
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '2'

import keras
import numpy
import tensorflow
from keras import layers, ops

from protocol import serve

IMAGE_SHAPES = {'simple-cnn': (28, 28, 1), 'lenet-5': (28, 28, 1), 'resnet-20': (32, 32, 3), 'mobilenet': (32, 32, 3)}


def simple_cnn():
    return keras.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(32, 3, activation='relu'), layers.MaxPooling2D(2), layers.Flatten(),
        layers.Dense(64, activation='relu'), layers.Dense(10),
    ])


def lenet_5():
    return keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(6, 5, padding='same', activation='tanh'), layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation='tanh'), layers.AveragePooling2D(2), layers.Flatten(),
        layers.Dense(120, activation='tanh'), layers.Dense(84, activation='tanh'), layers.Dense(10),
    ])


def normalized(x, filters, kernel, stride=1):
    x = layers.Conv2D(filters, kernel, stride, padding='same', use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def basic_block(x, filters, stride):
    """With the shortcut of option A."""
    y = layers.ReLU()(normalized(x, filters, 3, stride))
    y = normalized(y, filters, 3)
    missing = filters - x.shape[-1]
    if missing:
        x = ops.pad(x[:, ::stride, ::stride, :], ((0, 0), (0, 0), (0, 0), (missing // 2, missing // 2)))
    return layers.ReLU()(layers.Add()([y, x]))


def resnet_20():
    images = layers.Input((32, 32, 3))
    x = layers.ReLU()(normalized(images, 16, 3))
    for filters in (16, 32, 64):
        for _ in range(3):
            x = basic_block(x, filters, 1 if x.shape[-1] == filters else 2)
    return keras.Model(images, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def mobilenet():
    images = layers.Input((32, 32, 3))
    x = layers.ReLU()(normalized(images, 32, 3))
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for filters, stride in plan:
        x = layers.DepthwiseConv2D(3, stride, padding='same', use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
        x = layers.ReLU()(normalized(x, filters, 1))
    return keras.Model(images, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def main(name, batch, threads, device):
    if device == 'gpu' and not tensorflow.config.list_physical_devices('GPU'):
        sys.exit('TensorFlow finds no GPU')
    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    keras.utils.set_random_seed(1)
    networks = {'simple-cnn': simple_cnn, 'lenet-5': lenet_5, 'resnet-20': resnet_20, 'mobilenet': mobilenet}
    network = networks[name]()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.001), loss, metrics=['accuracy'])
    random = numpy.random.default_rng(1)

    images = random.random((50 * batch, *IMAGE_SHAPES[name]), dtype='float32')
    labels = numpy.arange(50 * batch, dtype='int32') % 10

    def train(steps):
        network.fit(images[:steps * batch], labels[:steps * batch], batch_size=batch, verbose=0)

    where = 'GPU' if device == 'gpu' else f'CPU ({threads} threads)'
    serve(
        train,
        batch,
        device=f'Keras {keras.__version__}, TensorFlow {tensorflow.__version__}, fit, {where}',
        parameters=sum(int(numpy.prod(weight.shape)) for weight in network.trainable_weights),
    )


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
