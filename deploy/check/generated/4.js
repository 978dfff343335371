import { Deployment } from 'kubernetes-models/apps/v1/Deployment'

const object = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'lyceum-gpu-worker',
    labels: {
      'app.kubernetes.io/name': 'lyceum',
      'app.kubernetes.io/component': 'gpu-worker',
    },
  },
  spec: {
    selector: {
      matchLabels: {
        'app.kubernetes.io/name': 'lyceum',
        'app.kubernetes.io/component': 'gpu-worker',
      },
    },
    template: {
      metadata: {
        labels: {
          'app.kubernetes.io/name': 'lyceum',
          'app.kubernetes.io/component': 'gpu-worker',
        },
      },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 30,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          fsGroup: 1000,
          seccompProfile: {
            type: 'RuntimeDefault',
          },
        },
        tolerations: [
          {
            key: 'nvidia.com/gpu',
            operator: 'Exists',
            effect: 'NoSchedule',
          },
        ],
        containers: [
          {
            name: 'worker',
            image: 'lyceum-gpu-worker',
            envFrom: [
              {
                configMapRef: {
                  name: 'lyceum',
                },
              },
              {
                secretRef: {
                  name: 'lyceum',
                },
              },
            ],
            env: [
              {
                name: 'CUDA_CACHE_PATH',
                value: '/tmp/cuda',
              },
            ],
            ports: [
              {
                name: 'metrics',
                containerPort: 9464,
              },
            ],
            livenessProbe: {
              exec: {
                command: ['node', 'dist/src/lyceum.js', 'worker', '--health'],
              },
              initialDelaySeconds: 60,
              periodSeconds: 30,
              timeoutSeconds: 10,
            },
            resources: {
              requests: {
                cpu: '4',
                memory: '8Gi',
              },
              limits: {
                memory: '16Gi',
                'nvidia.com/gpu': '1',
              },
            },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilites: {
                drop: ['ALL'],
              },
            },
            volumeMounts: [
              {
                name: 'home',
                mountPath: '/data',
              },
              {
                name: 'temporary',
                mountPath: '/tmp',
              },
            ],
          },
        ],
        volumes: [
          {
            name: 'home',
            emptyDir: {},
          },
          {
            name: 'temporary',
            emptyDir: {
              sizeLimit: '16Gi',
            },
          },
        ],
      },
    },
  },
}
try {
  new Deployment(object).validate()
} catch (error) {
  throw new Error(`gpu-worker.yaml, Deployment lyceum-gpu-worker: ${error}`)
}
