import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Config } from '../../src/config.js'

type Variables = Record<string, string | undefined>

export type EngineSettings = Pick<Config, 'tensorflowDirectory' | 'engineThreads'>

/**
 * The environment of a process that trains. TensorFlow's addon takes no options: all that can be said of threads,
 * memory and precision is read from the environment, and some of it before the process has loaded anything.
 * What the operator has set stays, save the cards, of which a run gets its own.
 * @param inherited the environment of the process that starts it
 * @param card the one GPU that it may see, as CUDA_VISIBLE_DEVICES names it
 */
export function engineEnvironment(
  { tensorflowDirectory, engineThreads }: EngineSettings,
  inherited: Variables,
  card?: string,
): Variables {
  const cuda = join(tensorflowDirectory, 'package', 'deps', 'nvidia')
  const hasCuda = existsSync(cuda)
  return {
    TF_CPP_MIN_LOG_LEVEL: '1',
    TF_NUM_INTRAOP_THREADS: String(engineThreads),
    // Operations are run one at a time: there is nothing for a second pool to do.
    TF_NUM_INTEROP_THREADS: '1',
    // The fast convolutions. On by default only where the CPU has AVX-512: a result must not depend on that.
    TF_ENABLE_ONEDNN_OPTS: '1',
    // The same run gives the same numbers, on the same machine. For GPUs of cuDNN alone: TensorFlow refuses an
    // operation that it has no deterministic kernel for, such as a depthwise convolution's gradient.
    ...(hasCuda ? { TF_CUDNN_DETERMINISTIC: '1' } : { TF_DETERMINISTIC_OPS: '1' }),
    // Without it the first process takes the whole GPU's memory, and a second run finds none.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // TensorFloat-32 keeps ten bits of a float32's mantissa.
    NVIDIA_TF32_OVERRIDE: '0',
    // Where the compiler for kernels that are made for the card at run time finds its own library.
    ...(hasCuda ? { XLA_FLAGS: `--xla_gpu_cuda_data_dir=${join(cuda, 'cuda_nvcc')}` } : {}),
    ...inherited,
    // What the process itself reads of Lyceum's settings.
    LYCEUM_TENSORFLOW: tensorflowDirectory,
    LYCEUM_ENGINE_THREADS: String(engineThreads),
    ...(hasCuda
      ? {
          LD_LIBRARY_PATH: prepend(cudaLibraries(cuda), inherited.LD_LIBRARY_PATH),
          PATH: prepend([join(cuda, 'cuda_nvcc', 'bin')], inherited.PATH),
        }
      : {}),
    ...(card === undefined ? {} : { CUDA_VISIBLE_DEVICES: card }),
  }
}

/** Where the CUDA libraries that came with the binding are; the dynamic linker is told when the process starts. */
function cudaLibraries(folder: string): string[] {
  return readdirSync(folder)
    .map(name => join(folder, name, 'lib'))
    .filter(existsSync)
}

function prepend(folders: readonly string[], path = ''): string {
  return [...folders, ...path.split(delimiter)].filter(folder => folder !== '').join(delimiter)
}
