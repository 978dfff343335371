import { rankImages, type TestPredictions } from './test-predictions.js'

/** How many samples of a kind may be asked for; the images of the most are always kept. */
export const sampleCount = { default: 5, max: 10 } as const

/** Indices of test images. */
export interface SampleIndices {
  /** Recognised, those that the network was surest of first. */
  surestRight: number[]
  /** Not recognised, those that the network was surest of first. */
  surestWrong: number[]
  /** Recognised or not, those whose likeliest class has the lowest probability first. */
  leastCertain: number[]
}

/** Test images that show what a network is good at, what misleads it, and what it can't decide. */
export function chooseSamples(predictions: TestPredictions, count: number): SampleIndices {
  return {
    surestRight: rankImages(predictions, (label, predicted) => label === predicted).slice(0, count),
    surestWrong: rankImages(predictions, (label, predicted) => label !== predicted).slice(0, count),
    leastCertain: rankImages(predictions, () => true)
      .reverse()
      .slice(0, count),
  }
}
