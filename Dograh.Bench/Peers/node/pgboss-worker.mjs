import PgBoss from 'pg-boss'
import { answer, finished, poster, readOrder } from './peer.mjs'

// A worker looks once in half a second, the shortest interval there is, so the rate comes from several with large batches.
const workers = 8
const batchSize = 128

const order = await readOrder()
const post = poster(order)
const { count, replies } = finished()
const boss = new PgBoss({ ...order.postgres, max: 20 })
boss.on('error', error => console.error(error.message))
await boss.start()
await boss.createQueue('deliveries')
for (let i = 0; i < workers; i++) {
  await boss.work('deliveries', { batchSize, pollingIntervalSeconds: 0.5 }, async jobs => {
    await Promise.all(jobs.map(job => post(job.data.payload)))
    jobs.forEach(count)
  })
}
await answer({
  async expect (number) {
    await replies.expect(number)
    // The handlers have returned; finished is what is also recorded as that.
    while (await boss.getQueueSize('deliveries', { before: 'completed' }) > 0) await new Promise(resolve => setTimeout(resolve, 20))
    return 'done'
  }
})
