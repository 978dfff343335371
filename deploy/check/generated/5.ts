import { type IScaledObject, ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject'

const object: IScaledObject = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: {
    name: 'lyceum-gpu-worker',
  },
  spec: {
    scaleTargetRef: {
      name: 'lyceum-gpu-worker',
    },
    minReplicaCount: 0,
    maxReplicaCount: 4,
    pollingInterval: 15,
    cooldownPeriod: 600,
    advanced: {
      horizontalPodAutoscalerConfig: {
        behavior: {
          scaleDown: {
            stabilizationWindowSeconds: 300,
            policies: [
              {
                type: 'Pods',
                value: 1,
                periodSeconds: 300,
              },
            ],
          },
        },
      },
    },
    triggers: [
      {
        type: 'postgresql',
        metadata: {
          connectionFromEnv: 'DATABASE_URL',
          targetQueryValue: '1',
          query:
            "SELECT count(*) FROM training_runs WHERE \"machineClass\" = 'GPU' AND (status IN ('STARTING', 'RUNNING') OR status = 'QUEUED' AND \"releasedAt\" IS NOT NULL)",
        },
      },
    ],
  },
}
try {
  new ScaledObject(object).validate()
} catch (error) {
  throw new Error(`gpu-worker.yaml, ScaledObject lyceum-gpu-worker: ${error}`)
}
