import { Queue } from 'bullmq'
import { answer, producer, readOrder } from './peer.mjs'

const order = await readOrder()
const queue = new Queue('deliveries', {
  connection: { host: '127.0.0.1', port: order.redis_port, maxRetriesPerRequest: null },
  defaultJobOptions: { attempts: 5, backoff: { type: 'exponential', delay: 30000 } }
})
await queue.waitUntilReady()
await answer(producer(
  order,
  payload => queue.add('delivery', { payload }),
  payloads => queue.addBulk(payloads.map(payload => ({ name: 'delivery', data: { payload } })))
))
