import { Deployment, type IDeployment } from 'kubernetes-models/apps/v1/Deployment'

const object: IDeployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'lyceum-api',
    labels: {
      'app.kubernetes.io/name': 'lyceum',
      'app.kubernetes.io/component': 'api',
    },
  },
  spec: {
    replicas: 2,
    selector: {
      matchLabels: {
        'app.kubernetes.io/name': 'lyceum',
        'app.kubernetes.io/component': 'api',
      },
    },
    template: {
      metadata: {
        labels: {
          'app.kubernetes.io/name': 'lyceum',
          'app.kubernetes.io/component': 'api',
        },
      },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 20,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          fsGroup: 1000,
          seccompProfile: {
            type: 'RuntimeDefault',
          },
        },
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: {
              matchLabels: {
                'app.kubernetes.io/name': 'lyceum',
                'app.kubernetes.io/component': 'api',
              },
            },
          },
        ],
        initContainers: [
          {
            name: 'migrate',
            image: 'lyceum-api',
            command: ['node', 'dist/src/lyceum.js', 'migrate'],
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
            resources: {
              requests: {
                cpu: '100m',
                memory: '128Mi',
              },
              limits: {
                memory: '512Mi',
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
          {
            name: 'import-courses',
            image: 'lyceum-api',
            command: ['node', 'dist/src/lyceum.js', 'import', 'content', '--publish'],
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
            resources: {
              requests: {
                cpu: '100m',
                memory: '128Mi',
              },
              limits: {
                memory: '512Mi',
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
        containers: [
          {
            name: 'api',
            image: 'lyceum-api',
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
            ports: [
              {
                name: 'http',
                containerPort: 4000,
              },
              {
                name: 'metrics',
                containerPort: 9464,
              },
            ],
            startupProbe: {
              httpGet: {
                path: '/healthz',
                port: 'http',
              },
              periodSeconds: 2,
              failureThreshold: 30,
            },
            livenessProbe: {
              httpGet: {
                path: '/healthz',
                port: 'http',
              },
              periodSeconds: 10,
              timeoutSeconds: 5,
            },
            readinessProbe: {
              httpGet: {
                path: '/readyz',
                port: 'http',
              },
              periodSeconds: 5,
              timeoutSeconds: 5,
            },
            lifecycle: {
              preStop: {
                sleep: {
                  seconds: 5,
                },
              },
            },
            resources: {
              requests: {
                cpu: '250m',
                memory: '384Mi',
              },
              limits: {
                memory: '1536Mi',
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
              sizeLimit: '4Gi',
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
  throw new Error(`api.yaml, Deployment lyceum-api: ${error}`)
}
