import {
  chooseSamples,
  predictedClass,
  rankImages,
  sampleCount,
  type TestPredictions,
} from '../../src/training/contract.js'

/**
 * Which test images are kept to be shown, `most` of them: the samples first, then the surest of each cell of the
 * confusion matrix, then the second of each … and where that is all the same, mistakes before what was recognised.
 *
 * @returns their indices, in rising order
 */
export function chooseShownImages(predictions: TestPredictions, most: number): Uint32Array {
  const { labels } = predictions
  const samples = Object.values(chooseSamples(predictions, sampleCount.max)).flat()
  const chosen = new Set<number>(samples.slice(0, most))
  for (const index of orderByRankInCell(predictions)) {
    if (chosen.size >= Math.min(most, labels.length)) break
    chosen.add(index)
  }
  return Uint32Array.from(chosen).sort()
}

function orderByRankInCell(predictions: TestPredictions): number[] {
  const shown = new Map<string, number>()
  const ranked = rankImages(predictions, () => true).map(index => {
    const label = predictions.labels[index] ?? 0
    const predicted = predictedClass(predictions, index)
    const cell = `${label} ${predicted}`
    const rank = shown.get(cell) ?? 0
    shown.set(cell, rank + 1)
    return { index, rank, right: label === predicted }
  })
  // Stable: where nothing else tells, the surest stay first.
  return ranked.sort((a, b) => a.rank - b.rank || Number(a.right) - Number(b.right)).map(({ index }) => index)
}
