import { makeWorkerUtils } from 'graphile-worker'
import pg from 'pg'
import { answer, producer, readOrder } from './peer.mjs'

const order = await readOrder()
// The worker, which is started first, has made the tables.
const utils = await makeWorkerUtils({ pgPool: new pg.Pool({ ...order.postgres, max: 20 }) })
const job = payload => ({ identifier: 'deliver', payload: { payload }, maxAttempts: 5 })
await answer(producer(
  order,
  payload => utils.addJob('deliver', { payload }, { maxAttempts: 5 }),
  payloads => utils.addJobs(payloads.map(job))
))
