import { Logger, run } from 'graphile-worker'
import pg from 'pg'
import { answer, finished, poster, readOrder } from './peer.mjs'

const order = await readOrder()
const post = poster(order)
const { count, replies } = finished()
const pool = new pg.Pool({ ...order.postgres, max: 20 })
await run({
  pgPool: pool,
  concurrency: order.concurrency,
  noHandleSignals: true,
  // One line for each job would be what is measured.
  logger: new Logger(() => () => {}),
  // As its documentation has it for speed: jobs taken many at a time, and their ends told together.
  preset: { worker: { localQueue: { size: 4 * order.concurrency }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  taskList: {
    async deliver ({ payload }) {
      await post(payload)
      count()
    }
  }
})
await answer({
  async expect (number) {
    await replies.expect(number)
    // The tasks have returned; finished is what is also recorded as that: the row is gone.
    while ((await pool.query('SELECT 1 FROM graphile_worker._private_jobs LIMIT 1')).rowCount > 0) await new Promise(resolve => setTimeout(resolve, 20))
    return 'done'
  }
})
