import { Worker } from 'bullmq'
import { answer, finished, poster, readOrder } from './peer.mjs'

const order = await readOrder()
const post = poster(order)
const { count, replies } = finished()
const worker = new Worker('deliveries', job => post(job.data.payload), {
  connection: { host: '127.0.0.1', port: order.redis_port, maxRetriesPerRequest: null },
  concurrency: order.concurrency
})
// Emitted when Redis has recorded it.
worker.on('completed', count)
worker.on('error', error => console.error(error.message))
await worker.waitUntilReady()
await answer(replies)
