const UNSIGNED_BYTE = 0x08

/**
 * Reads an IDX file of unsigned bytes, the format that MNIST is published in: two zero bytes, the type of the
 * numbers, how many dimensions, each dimension as a big-endian 32-bit integer, then the numbers.
 * Source: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database, “File formats”.
 * @throws RangeError when the bytes are something else
 */
export function parseIdx(bytes: Uint8Array): { shape: number[]; values: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4 || view.getUint16(0) !== 0)
    throw new RangeError('an IDX file begins with two zero bytes')
  const type = view.getUint8(2)
  if (type !== UNSIGNED_BYTE)
    throw new RangeError(`only IDX files of unsigned bytes (8) are read, not of type ${type}`)
  const rank = view.getUint8(3)
  const start = 4 + 4 * rank
  if (bytes.length < start) throw new RangeError('the IDX file ends within its header')
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  const size = shape.reduce((product, length) => product * length, 1)
  if (bytes.length !== start + size) {
    throw new RangeError(`the IDX file should hold ${size} numbers, not ${bytes.length - start}`)
  }
  return { shape, values: bytes.subarray(start) }
}
