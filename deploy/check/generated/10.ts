import { Deployment, type IDeployment } from 'kubernetes-models/apps/v1/Deployment'

const object: IDeployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'lyceum-worker',
    labels: {
      'app.kubernetes.io/name': 'lyceum',
      'app.kubernetes.io/component': 'worker',
    },
  },
  spec: {
    selector: {
      matchLabels: {
        'app.kubernetes.io/name': 'lyceum',
        'app.kubernetes.io/component': 'worker',
      },
    },
    template: {
      metadata: {
        labels: {
          'app.kubernetes.io/name': 'lyceum',
          'app.kubernetes.io/component': 'worker',
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
        containers: [
          {
            name: 'worker',
            image: 'lyceum-worker',
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
                name: 'LYCEUM_ENGINE_THREADS',
                valueFrom: {
                  resourceFieldRef: {
                    resource: 'requests.cpu',
                  },
                },
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
              initialDelaySeconds: 20,
              periodSeconds: 30,
              timeoutSeconds: 10,
            },
            resources: {
              requests: {
                cpu: '2',
                memory: '2Gi',
              },
              limits: {
                memory: '6Gi',
              },
            },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: {
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
              sizeLimit: '8Gi',
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
  throw new Error(`worker.yaml, Deployment lyceum-worker: ${error}`)
}
