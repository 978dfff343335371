import keras
from keras import layers


def build_classifier(classes, weights="imagenet"):
    """MobileNetV2, pre-trained on ImageNet, with a new head for one's own images."""
    body = keras.applications.MobileNetV2(
        input_shape=(224, 224, 3), include_top=False, weights=weights
    )
    body.trainable = False

    inputs = keras.Input(shape=(224, 224, 3))  # pixels from 0 to 255
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)  # what the body was trained on
    # training=False: batch normalisation keeps its ImageNet statistics, even thawed
    x = body(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(inputs, outputs), body


def compile_model(model, learning_rate):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def fine_tune(model, body, train_set, validation_set, thaw_from=100):
    """First the head alone, then the layers of the body from number thaw_from on."""
    compile_model(model, learning_rate=1e-3)
    model.fit(train_set, validation_data=validation_set, epochs=5)

    body.trainable = True
    for layer in body.layers[:thaw_from]:
        layer.trainable = False
    compile_model(model, learning_rate=1e-5)
    model.fit(train_set, validation_data=validation_set, epochs=5)


if __name__ == "__main__":
    # Photographs in one folder a class, such as photos/cat and photos/dog
    train_set, validation_set = keras.utils.image_dataset_from_directory(
        "photos",
        validation_split=0.2,
        subset="both",
        seed=42,
        image_size=(224, 224),
        batch_size=32,
    )
    model, body = build_classifier(classes=len(train_set.class_names))
    fine_tune(model, body, train_set, validation_set)
