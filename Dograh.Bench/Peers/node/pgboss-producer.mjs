import PgBoss from 'pg-boss'
import { answer, producer, readOrder } from './peer.mjs'

const order = await readOrder()
// The worker, which is started first, has made the tables and does the upkeep.
const boss = new PgBoss({ ...order.postgres, max: 20, supervise: false, schedule: false, migrate: false })
boss.on('error', error => console.error(error.message))
await boss.start()
await answer(producer(
  order,
  payload => boss.send('deliveries', { payload }, { retryLimit: 4, retryDelay: 30, retryBackoff: true }),
  payloads => boss.insert(payloads.map(payload => ({ name: 'deliveries', data: { payload }, retryLimit: 4, retryDelay: 30, retryBackoff: true })))
))
