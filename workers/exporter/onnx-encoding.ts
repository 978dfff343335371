import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  ONNX_INPUT,
  ONNX_OPSET,
  ONNX_OUTPUT,
  type OnnxAttribute,
  type OnnxConstant,
  type OnnxGraph,
  type OnnxNode,
} from '../../src/networks/exports/onnx-graph.js'
import type { Shape } from '../../src/networks/network.js'

/**
 * ONNX' messages in protobuf's binary form, by the field numbers of onnx.proto.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */

const FLOAT = 1
const INT64 = 7
/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, int: 2, ints: 7 }
/** The version of the format that goes with the operator set. */
const IR_VERSION = 7

/** A file in pieces: numbers are read from where they are when their turn comes. */
export type OnnxPart =
  | Uint8Array
  | { constant: Extract<OnnxConstant, { kind: 'weight' }>; byteLength: number }

/** @param metadata what readers of the file may like to know, by names */
export function encodeModel(graph: OnnxGraph, metadata: Readonly<Record<string, string>>): OnnxPart[] {
  const model = new BinaryWriter()
  varint(model, 1, IR_VERSION)
  text(model, 2, 'Lyceum')
  message(model, 8, operatorSet => varint(operatorSet, 2, ONNX_OPSET))
  for (const [key, value] of Object.entries(metadata)) {
    message(model, 14, entry => {
      text(entry, 1, key)
      text(entry, 2, value)
    })
  }
  const parts = encodeGraph(graph)
  const size = parts.reduce((total, { byteLength }) => total + byteLength, 0)
  return [model.finish(), lengthDelimited(7, size), ...parts]
}

function encodeGraph({ name, nodes, constants, inputShape, outputShape }: OnnxGraph): OnnxPart[] {
  const graph = new BinaryWriter()
  for (const node of nodes) message(graph, 1, writer => writeNode(writer, node))
  text(graph, 2, name)
  message(graph, 11, writer => writeValueInfo(writer, ONNX_INPUT, inputShape))
  message(graph, 12, writer => writeValueInfo(writer, ONNX_OUTPUT, outputShape))
  return [graph.finish(), ...constants.flatMap(encodeConstant)]
}

function writeNode(node: BinaryWriter, { operator, inputs, output, attributes }: OnnxNode): void {
  for (const input of inputs) text(node, 1, input)
  text(node, 2, output)
  text(node, 3, output)
  text(node, 4, operator)
  for (const [name, value] of Object.entries(attributes)) {
    message(node, 5, attribute => writeAttribute(attribute, name, value))
  }
}

function writeAttribute(attribute: BinaryWriter, name: string, value: OnnxAttribute): void {
  text(attribute, 1, name)
  if ('float' in value) {
    attribute.tag(2, WireType.Bit32).float(value.float)
    varint(attribute, 20, attributeTypes.float)
  } else if ('int' in value) {
    varint(attribute, 3, value.int)
    varint(attribute, 20, attributeTypes.int)
  } else {
    for (const int of value.ints) varint(attribute, 8, int)
    varint(attribute, 20, attributeTypes.ints)
  }
}

/** A tensor of float32 with a batch of any size. */
function writeValueInfo(info: BinaryWriter, name: string, shape: Shape): void {
  text(info, 1, name)
  message(info, 2, type =>
    message(type, 1, tensor => {
      varint(tensor, 1, FLOAT)
      message(tensor, 2, dimensions => {
        message(dimensions, 1, batch => text(batch, 2, 'batch'))
        for (const size of shape) message(dimensions, 1, dimension => varint(dimension, 1, size))
      })
    }),
  )
}

function encodeConstant(constant: OnnxConstant): OnnxPart[] {
  const tensor = new BinaryWriter()
  for (const size of constant.shape) varint(tensor, 1, size)
  varint(tensor, 2, constant.kind === 'int64' ? INT64 : FLOAT)
  text(tensor, 8, constant.name)
  const values = rawValues(constant)
  const head = [tensor.finish(), lengthDelimited(9, values.byteLength)]
  const size = [...head, values].reduce((total, { byteLength }) => total + byteLength, 0)
  return [lengthDelimited(5, size), ...head, values]
}

/** Little-endian, as `raw_data` has it. */
function rawValues(constant: OnnxConstant): OnnxPart {
  switch (constant.kind) {
    case 'int64':
      return new Uint8Array(BigInt64Array.from(constant.values, BigInt).buffer)
    case 'float32':
      return new Uint8Array(Float32Array.from(constant.values).buffer)
    case 'weight': {
      const count = constant.shape.reduce((product, size) => product * size, 1)
      return { constant, byteLength: count * Float32Array.BYTES_PER_ELEMENT }
    }
  }
}

function lengthDelimited(field: number, size: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(size).finish()
}

function varint(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value)
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value)
}

function message(writer: BinaryWriter, field: number, write: (writer: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}
