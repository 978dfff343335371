import { z } from 'zod'
import * as layers from '../layers.js'
import {
  activation,
  channelsLast,
  count,
  initializer,
  margins,
  off,
  padding,
  pair,
  undilated,
} from './layer-options.js'
import { fillShape, type LayerReader, reader, requireLastAxis } from './layer-reader.js'

const noDecay = off('weight decay is set for the whole run')
const noConstraint = off('weights are not constrained')

const regularization = {
  kernel_regularizer: noDecay,
  bias_regularizer: noDecay,
  activity_regularizer: noDecay,
  kernel_constraint: noConstraint,
  bias_constraint: noConstraint,
  trainable: z.boolean().default(true),
}

const activated = { activation: activation.default('linear'), use_bias: z.boolean().default(true) }
const biasInitializer = { bias_initializer: initializer.default('zeros') }
const kernel = { ...activated, kernel_initializer: initializer.default('glorotUniform'), ...biasInitializer }

const window = { strides: pair.default([1, 1]), padding: padding.default('valid') }
const ungrouped = { groups: z.literal(1, { error: 'is not supported: channels are not grouped' }).default(1) }

const pooling = {
  pool_size: pair.default([2, 2]),
  strides: pair.nullable().default(null),
  padding: padding.default('valid'),
  data_format: channelsLast,
}
const globalPooling = {
  data_format: channelsLast,
  keepdims: z.literal(false, { error: 'is not supported: what comes out is a vector' }).default(false),
}

/** For layers over rows and columns: told that channels come first, Keras' work on columns and channels instead. */
const anyFormat = z.enum(['channels_last', 'channels_first']).nullable().default('channels_last')

const lastAxis = z.union([z.int(), z.tuple([z.int()]).transform(([axis]) => axis)])

/** Every layer of Keras that is understood, by its class. */
const readers: Record<string, LayerReader> = {
  Conv2D: reader(
    {
      filters: count,
      kernel_size: pair,
      ...window,
      data_format: channelsLast,
      dilation_rate: undilated,
      ...ungrouped,
      ...kernel,
      ...regularization,
    },
    options => [layers.conv2d(options.filters, options.kernel_size, kernelOptions(options))],
  ),
  DepthwiseConv2D: reader(
    {
      kernel_size: pair,
      ...window,
      depth_multiplier: count.default(1),
      data_format: channelsLast,
      dilation_rate: undilated,
      ...activated,
      depthwise_initializer: initializer.default('glorotUniform'),
      ...biasInitializer,
      depthwise_regularizer: noDecay,
      depthwise_constraint: noConstraint,
      ...ungrouped,
      ...regularization,
    },
    options => [
      layers.depthwiseConv2d(options.kernel_size, {
        ...kernelOptions({ ...options, kernel_initializer: options.depthwise_initializer }),
        depthMultiplier: options.depth_multiplier,
      }),
    ],
  ),
  SeparableConv2D: reader(
    {
      filters: count,
      kernel_size: pair,
      ...window,
      data_format: channelsLast,
      dilation_rate: undilated,
      depth_multiplier: count.default(1),
      ...activated,
      depthwise_initializer: initializer.default('glorotUniform'),
      pointwise_initializer: initializer.default('glorotUniform'),
      ...biasInitializer,
      depthwise_regularizer: noDecay,
      pointwise_regularizer: noDecay,
      depthwise_constraint: noConstraint,
      pointwise_constraint: noConstraint,
      ...ungrouped,
      // Keras 2 writes it, and uses the other two.
      kernel_initializer: z.unknown().optional(),
      ...regularization,
    },
    ({ strides, padding, depth_multiplier: depthMultiplier, trainable, ...options }) => [
      layers.depthwiseConv2d(options.kernel_size, {
        strides,
        padding,
        depthMultiplier,
        trainable,
        useBias: false,
        kernelInitializer: options.depthwise_initializer,
      }),
      layers.conv2d(options.filters, 1, {
        activation: options.activation,
        useBias: options.use_bias,
        kernelInitializer: options.pointwise_initializer,
        biasInitializer: options.bias_initializer,
        trainable,
      }),
    ],
  ),
  MaxPooling2D: reader(pooling, ({ pool_size, strides, padding }) => [
    layers.maxPool2d(pool_size, { strides: strides ?? pool_size, padding }),
  ]),
  AveragePooling2D: reader(pooling, ({ pool_size, strides, padding }) => [
    layers.avgPool2d(pool_size, { strides: strides ?? pool_size, padding }),
  ]),
  GlobalAveragePooling2D: reader(globalPooling, () => [layers.globalAvgPool2d()]),
  GlobalMaxPooling2D: reader(globalPooling, () => [layers.globalMaxPool2d()]),
  BatchNormalization: reader(
    {
      axis: lastAxis.default(-1),
      momentum: z.number().min(0).lt(1).default(0.99),
      epsilon: z.number().positive().max(1).default(1e-3),
      center: z.literal(true, { error: 'must be True' }).default(true),
      scale: z.literal(true, { error: 'must be True' }).default(true),
      beta_initializer: initializer.pipe(z.literal('zeros')).default('zeros'),
      gamma_initializer: initializer.pipe(z.literal('ones')).default('ones'),
      moving_mean_initializer: initializer.pipe(z.literal('zeros')).default('zeros'),
      moving_variance_initializer: initializer.pipe(z.literal('ones')).default('ones'),
      beta_regularizer: noDecay,
      gamma_regularizer: noDecay,
      beta_constraint: noConstraint,
      gamma_constraint: noConstraint,
      renorm_momentum: z.number().optional(),
      trainable: z.literal(true, { error: 'must be True' }).default(true),
    },
    ({ axis, momentum, epsilon }, place) => {
      requireLastAxis(axis, place)
      return [layers.batchNormalization({ momentum, epsilon })]
    },
  ),
  /** None of Keras, but what this project's own exports say. */
  LocalResponseNormalization: reader(
    {
      radius: z.int().min(1).max(64),
      bias: z.number().positive().max(1e6),
      alpha: z.number().min(0).max(1e6),
      beta: z.number().min(0).max(64),
    },
    options => [{ type: 'localResponseNormalization', ...options }],
  ),
  ZeroPadding2D: reader(
    {
      padding: margins.default([
        [1, 1],
        [1, 1],
      ]),
      data_format: anyFormat,
    },
    ({ padding, data_format }, { refuse }) => {
      if (data_format !== 'channels_first') return [layers.zeroPadding2d(padding)]
      const [[top, bottom], [before, after]] = padding
      if (top + bottom > 0)
        throw refuse('channels_first is understood where the padding is of the last axis alone')
      return [layers.padChannels(before, after)]
    },
  ),
  Cropping2D: reader(
    {
      cropping: margins.default([
        [0, 0],
        [0, 0],
      ]),
      data_format: anyFormat,
    },
    ({ cropping, data_format }, { refuse }) => {
      const [[top, bottom], [before, after]] = cropping
      if (data_format !== 'channels_first' || top + bottom > 0) {
        throw refuse('only channels can be cropped, by channels_first and a cropping of the last axis')
      }
      return [layers.cropChannels(before, after)]
    },
  ),
  Add: reader({}, () => [layers.add()]),
  Concatenate: reader({ axis: z.int().default(-1) }, ({ axis }, place) => {
    requireLastAxis(axis, place)
    return [layers.concatenate()]
  }),
  Flatten: reader({ data_format: channelsLast }, () => [layers.flatten()]),
  Reshape: reader(
    {
      target_shape: z
        .array(z.union([count, z.literal(-1)]))
        .min(1)
        .max(3),
    },
    ({ target_shape }, place) => [layers.reshape(fillShape(target_shape, place))],
  ),
  Dense: reader(
    { units: count, ...kernel, ...regularization, kernel_quantizer: off('no layer is quantized') },
    options => [layers.dense(options.units, kernelOptions(options))],
  ),
  Dropout: reader(
    {
      rate: z.number().min(0).lt(1),
      noise_shape: off('every number is dropped by itself'),
      seed: z.unknown().optional(),
    },
    ({ rate }) => [layers.dropout(rate)],
  ),
  Activation: reader({ activation }, options => [layers.activation(options.activation)]),
  ReLU: reader(
    {
      max_value: z.literal([6, null], { error: 'must be 6 or None' }).default(null),
      negative_slope: z.number().min(0).lt(1).nullable().default(0),
      threshold: z.literal([0, null], { error: 'must be 0' }).default(0),
    },
    ({ max_value, negative_slope }, { refuse }) => {
      if (!negative_slope) return [layers.activation(max_value === null ? 'relu' : 'relu6')]
      if (max_value !== null) throw refuse('a slope and a largest value at once are not supported')
      return [layers.leakyRelu(negative_slope)]
    },
  ),
  LeakyReLU: reader(
    { negative_slope: z.number().min(0).lt(1).optional(), alpha: z.number().min(0).lt(1).optional() },
    // Keras 2 calls alpha what Keras 3 calls negative_slope.
    ({ negative_slope, alpha }) => [layers.leakyRelu(negative_slope ?? alpha ?? 0.3)],
  ),
  Softmax: reader({ axis: lastAxis.default(-1) }, ({ axis }, place) => {
    requireLastAxis(axis, place)
    return [layers.activation('softmax')]
  }),
  /** The images of a run are scaled to 0..1 already. */
  Rescaling: reader({ scale: z.number(), offset: z.number().default(0) }, ({ scale, offset }, { refuse }) => {
    if (Math.abs(scale * 255 - 1) > 1e-6 || offset !== 0) {
      throw refuse('images come scaled to 0..1: only a scale of 1/255 without an offset is understood')
    }
    return []
  }),
}

const aliases: Record<string, string> = {
  Convolution2D: 'Conv2D',
  SeparableConvolution2D: 'SeparableConv2D',
  MaxPool2D: 'MaxPooling2D',
  AvgPool2D: 'AveragePooling2D',
  GlobalAvgPool2D: 'GlobalAveragePooling2D',
  GlobalMaxPool2D: 'GlobalMaxPooling2D',
}

export function findLayerReader(className: string): LayerReader | undefined {
  const name = Object.hasOwn(aliases, className) ? aliases[className] : className
  return name !== undefined && Object.hasOwn(readers, name) ? readers[name] : undefined
}

export const layerClasses: readonly string[] = [...Object.keys(readers), ...Object.keys(aliases)]

type KernelConfig = Pick<
  z.output<z.ZodObject<typeof kernel & typeof regularization>>,
  'activation' | 'use_bias' | 'kernel_initializer' | 'bias_initializer' | 'trainable'
> &
  Partial<z.output<z.ZodObject<typeof window>>>

function kernelOptions({ strides, padding, ...options }: KernelConfig) {
  return {
    ...(strides ? { strides } : {}),
    ...(padding ? { padding } : {}),
    activation: options.activation,
    useBias: options.use_bias,
    kernelInitializer: options.kernel_initializer,
    biasInitializer: options.bias_initializer,
    trainable: options.trainable,
  }
}
