import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet'

const object = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: {
    name: 'nvidia-device-plugin',
    namespace: 'kube-system',
  },
  spec: {
    selector: {
      matchLabels: {
        'app.kubernetes.io/name': 'nvidia-device-plugin',
      },
    },
    template: {
      metadata: {
        labels: {
          'app.kubernetes.io/name': 'nvidia-device-plugin',
        },
      },
      spec: {
        priorityClassName: 'system-node-critical',
        tolerations: [
          {
            key: 'nvidia.com/gpu',
            operator: 'Exists',
            effect: 'NoSchedule',
          },
        ],
        containers: [
          {
            name: 'device-plugin',
            image: 'nvcr.io/nvidia/k8s-device-plugin:v0.17.0',
            env: [
              {
                name: 'FAIL_ON_INIT_ERROR',
                value: 'false',
              },
            ],
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: {
                drop: ['ALL'],
              },
            },
            volumeMounts: [
              {
                name: 'device-plugins',
                mountPath: '/var/lib/kubelet/device-plugins',
              },
            ],
          },
        ],
        volumes: [
          {
            name: 'device-plugins',
            hostPath: {
              path: '/var/lib/kubelet/device-plugins',
            },
          },
        ],
      },
    },
  },
}
try {
  new DaemonSet(object).validate()
} catch (error) {
  throw new Error(`nvidia-device-plugin.yaml, DaemonSet nvidia-device-plugin: ${error}`)
}
