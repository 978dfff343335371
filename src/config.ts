import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { findS3Problem, readS3Settings, storagePlace } from './platform/storage/s3-settings.js'

const list = z
  .string()
  .default('')
  .transform(text =>
    text
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== ''),
  )
const flag = z.enum(['true', 'false', '1', '0']).transform(text => text === 'true' || text === '1')
const optionalUrl = (protocols: string[]) =>
  z
    .string()
    .refine(text => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
      message: `must be a URL that starts with ${protocols.map(p => `${p}//`).join(' or ')}`,
    })
    .optional()

const environment = z
  .object({
    NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
    HOST: z.string().min(1).default('127.0.0.1'),
    PORT: z.coerce.number().int().min(0).max(65535).default(4000),
    DATABASE_URL: optionalUrl(['postgres:', 'postgresql:']),
    REDIS_URL: optionalUrl(['redis:', 'rediss:']),
    LYCEUM_METRICS_PORT: z.coerce.number().int().min(1).max(65535).optional(),
    LYCEUM_WORKER_METRICS_PORT: z.coerce.number().int().min(1).max(65535).optional(),
    LYCEUM_METRICS_HOST: z.string().min(1).optional(),
    LYCEUM_OTLP_ENDPOINT: optionalUrl(['http:', 'https:']),
    LYCEUM_TRACE_RATIO: z.coerce.number().min(0).max(1).default(1),
    LYCEUM_HOME: z.string().min(1).default('.lyceum'),
    LYCEUM_STORAGE: storagePlace.optional(),
    LYCEUM_S3_ENDPOINT: optionalUrl(['https:', 'http:']),
    LYCEUM_S3_REGION: z.string().min(1).optional(),
    LYCEUM_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
    LYCEUM_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
    LYCEUM_S3_PATH_STYLE: flag.optional(),
    LYCEUM_CONTENT: z.string().min(1).default('content'),
    LYCEUM_EMBEDDED: flag.optional(),
    LYCEUM_GRAPHIQL: flag.optional(),
    LYCEUM_COOKIE_SECURE: flag.optional(),
    LYCEUM_TRUST_PROXY: flag.default(false),
    LYCEUM_CORS_ORIGINS: list,
    LYCEUM_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    LYCEUM_LOG_PRETTY: flag.default(false),
    LYCEUM_SIGN_IN_LIMIT: z.coerce.number().int().min(1).max(10_000).default(10),
    LYCEUM_ENGINE: z.enum(['auto', 'wasm', 'webgpu', 'tensorflow', 'tensorflow-gpu']).default('auto'),
    LYCEUM_ENGINE_THREADS: z.coerce.number().int().min(1).max(1024).optional(),
    LYCEUM_WEBGPU_FALLBACK: flag.default(false),
    LYCEUM_TENSORFLOW: z.string().min(1).default('.lyceum/tensorflow'),
    LYCEUM_DATASET_MAX_MB: z.coerce.number().int().min(1).max(2_000).default(200),
    LYCEUM_DATASET_QUOTA: z.coerce.number().int().min(1).max(1_000).default(20),
    LYCEUM_DATASET_QUOTA_MB: z.coerce.number().int().min(1).max(1_000_000).default(2_000),
    LYCEUM_MODEL_MAX_MB: z.coerce.number().int().min(1).max(1_000).default(200),
    LYCEUM_MODEL_QUOTA: z.coerce.number().int().min(1).max(1_000).default(20),
    LYCEUM_MODEL_QUOTA_MB: z.coerce.number().int().min(1).max(1_000_000).default(1_000),
    LYCEUM_CHECKPOINT_SECONDS: z.coerce.number().min(1).max(86_400).default(60),
    LYCEUM_RUNS_AT_ONCE: z.coerce.number().int().min(1).max(10_000).default(4),
    LYCEUM_RUNS_WAITING: z.coerce.number().int().min(1).max(10_000).default(20),
    LYCEUM_GPU_SECONDS_PER_DAY: z.coerce.number().int().min(0).max(100_000_000).default(14_400),
    LYCEUM_COURSE_RUNS_AT_ONCE: z.coerce.number().int().min(1).max(10_000).default(32),
    LYCEUM_COURSE_RUNS_WAITING: z.coerce.number().int().min(1).max(100_000).default(500),
    LYCEUM_COURSE_GPU_SECONDS_PER_DAY: z.coerce.number().int().min(0).max(100_000_000).default(86_400),
    LYCEUM_WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(1),
  })
  .superRefine((env, context) => {
    const problem = findS3Problem(env)
    if (problem) context.addIssue({ code: 'custom', path: [problem.name], message: problem.message })
  })
  .transform(env => {
    const home = resolve(env.LYCEUM_HOME)
    const production = env.NODE_ENV === 'production'
    return {
      production,
      host: env.HOST,
      port: env.PORT,
      /** Where Prometheus asks; undefined where nobody does. */
      metricsPort: env.LYCEUM_METRICS_PORT,
      workerMetricsPort: env.LYCEUM_WORKER_METRICS_PORT,
      metricsHost: env.LYCEUM_METRICS_HOST ?? env.HOST,
      /** Undefined where nothing is traced. */
      tracing:
        env.LYCEUM_OTLP_ENDPOINT === undefined
          ? undefined
          : { endpoint: env.LYCEUM_OTLP_ENDPOINT, ratio: env.LYCEUM_TRACE_RATIO },
      databaseUrl: env.DATABASE_URL,
      redisUrl: env.REDIS_URL,
      /** True where the database is the one that Lyceum starts itself: demo accounts exist only there. */
      embedded: env.LYCEUM_EMBEDDED ?? env.DATABASE_URL === undefined,
      home,
      /** Where the storage is no folder. */
      s3: readS3Settings(env),
      storageDirectory: resolve(env.LYCEUM_STORAGE ?? `${home}/storage`),
      contentDirectory: resolve(env.LYCEUM_CONTENT),
      graphiql: env.LYCEUM_GRAPHIQL ?? !production,
      cookieSecure: env.LYCEUM_COOKIE_SECURE ?? production,
      trustProxy: env.LYCEUM_TRUST_PROXY,
      corsOrigins: env.LYCEUM_CORS_ORIGINS,
      logLevel: env.LYCEUM_LOG_LEVEL,
      logPretty: env.LYCEUM_LOG_PRETTY,
      /** Sign-in attempts a minute, for each address and for each account. */
      signInLimit: env.LYCEUM_SIGN_IN_LIMIT,
      engine: env.LYCEUM_ENGINE,
      /** Threads of one run on the CPU: by default the machine's, shared among the runs at once. */
      engineThreads:
        env.LYCEUM_ENGINE_THREADS ??
        Math.max(1, Math.floor(availableParallelism() / env.LYCEUM_WORKER_CONCURRENCY)),
      /** Whether WebGPU may compute without a GPU, in software: slowly, for tests. */
      webgpuFallback: env.LYCEUM_WEBGPU_FALLBACK,
      /** Where `npm run engine:tensorflow` puts its binding: of this machine, whatever the home is. */
      tensorflowDirectory: resolve(env.LYCEUM_TENSORFLOW),
      /** Of an uploaded dataset as it is sent. */
      datasetMaxBytes: env.LYCEUM_DATASET_MAX_MB * 1024 * 1024,
      /** What one user's datasets may be together. */
      datasetQuota: { count: env.LYCEUM_DATASET_QUOTA, bytes: env.LYCEUM_DATASET_QUOTA_MB * 1024 * 1024 },
      /** Of an imported model, as it is sent and unpacked. */
      modelMaxBytes: env.LYCEUM_MODEL_MAX_MB * 1024 * 1024,
      /** What one user's imported models may be together. */
      modelQuota: { count: env.LYCEUM_MODEL_QUOTA, bytes: env.LYCEUM_MODEL_QUOTA_MB * 1024 * 1024 },
      /** The most seconds of training that a run loses with its worker; each epoch's end is kept anyway. */
      checkpointSeconds: env.LYCEUM_CHECKPOINT_SECONDS,
      /** What runs may take where an admin has said nothing else of a user or a course. */
      runQuotas: {
        USER: {
          runsAtOnce: env.LYCEUM_RUNS_AT_ONCE,
          runsWaiting: env.LYCEUM_RUNS_WAITING,
          gpuSecondsPerDay: env.LYCEUM_GPU_SECONDS_PER_DAY,
        },
        COURSE: {
          runsAtOnce: env.LYCEUM_COURSE_RUNS_AT_ONCE,
          runsWaiting: env.LYCEUM_COURSE_RUNS_WAITING,
          gpuSecondsPerDay: env.LYCEUM_COURSE_GPU_SECONDS_PER_DAY,
        },
      },
      workerConcurrency: env.LYCEUM_WORKER_CONCURRENCY,
    }
  })

export type Config = Readonly<z.output<typeof environment>>

/** The only reader of the environment. Throws an error that names each variable that is wrong and why. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(present)
  if (parsed.success) return Object.freeze(parsed.data)
  const lines = parsed.error.issues.map(issue => `  ${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`The environment is not usable:\n${lines.join('\n')}`)
}
