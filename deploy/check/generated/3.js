import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'

const object = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'lyceum',
  },
  data: {
    LYCEUM_STORAGE: 's3://lyceum',
    LYCEUM_S3_REGION: 'us-east-1',
    LYCEUM_TRUST_PROXY: 'true',
    LYCEUM_METRICS_PORT: '9464',
    LYCEUM_WORKER_METRICS_PORT: '9464',
    LYCEUM_METRICS_HOST: '0.0.0.0',
  },
}
try {
  new ConfigMap(object).validate()
} catch (error) {
  throw new Error(`config.yaml, ConfigMap lyceum: ${error}`)
}
