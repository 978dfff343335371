/** What the command line may do with the queues, on behalf of whoever runs it. */
export { drainWorker, pauseQueues, readQueues, resumeQueues } from './queue/queue-control.js'
export { quotaChange } from './queue/quota-service.js'
export { changeQuota, type DefaultQuotas, type QuotaKey, readQuota } from './queue/quotas.js'
export { listLiveWorkers } from './workers/worker-list.js'
