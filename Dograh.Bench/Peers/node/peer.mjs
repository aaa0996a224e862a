// What the peers' processes have in common: the order on the first line, then one line for each thing to do (see PeerOrder.cs).
import { createInterface } from 'node:readline'
import { Agent, request } from 'undici'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

// Ctrl+C reaches every process of the terminal; the benchmark itself stops the others.
process.on('SIGINT', () => {})

/** Reads the order. */
export async function readOrder () {
  return JSON.parse((await lines.next()).value)
}

/** Answers each line until the benchmark closes our input, which ends the process. */
export async function answer (replies) {
  say('ready')
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const [word, ...numbers] = line.value.split(' ')
    say(await replies[word](...numbers.map(Number)))
  }
  process.exit(0)
}

/** Posts a payload over kept-alive connections; anything but a 2xx is a failure. */
export function poster (order) {
  const dispatcher = new Agent({ connections: order.concurrency, pipelining: 1 })
  return async payload => {
    const { statusCode, body } = await request(order.url, {
      dispatcher, method: 'POST', headers: { 'content-type': 'application/json' }, body: payload
    })
    await body.dump()
    if (statusCode < 200 || statusCode > 299) throw new Error(`status ${statusCode}`)
  }
}

/** The producer's replies, given how one payload and how several are added. */
export function producer (order, addOne, addMany) {
  const payload = (sentAt = 0) => order.payload.replace('@SENT_AT@', String(sentAt))
  return {
    // So many, with no more additions under way than the order allows.
    async send (count) {
      let left = count
      await Promise.all(Array.from({ length: order.in_flight }, async () => {
        while (left > 0) {
          const size = Math.min(left, order.bulk)
          left -= size
          if (size === 1) await addOne(payload())
          else await addMany(Array.from({ length: size }, () => payload()))
        }
      }))
      return 'sent'
    },
    // So many at a rate, by the clock whatever the answers do. The timestamp is the one that .NET's Stopwatch reads on Linux.
    async pace (count, perSecond) {
      const started = process.hrtime.bigint()
      const pending = []
      for (let i = 0; i < count; i++) {
        const dueAt = started + BigInt(Math.round(i / perSecond * 1e9))
        // Timers are a millisecond coarse: the last part of the wait gives other callbacks their turn and looks again.
        for (let left; (left = Number(dueAt - process.hrtime.bigint()) / 1e6) > 0;) {
          await new Promise(resolve => left > 2 ? setTimeout(resolve, left - 2) : setImmediate(resolve))
        }
        pending.push(addOne(payload(dueAt)))
      }
      await Promise.all(pending)
      return 'sent'
    }
  }
}

/** The worker's reply: resolves once so many more are finished, as `count` tells. */
export function finished () {
  let done = 0
  let expected = 0
  let reached = () => {}
  return {
    count () {
      if (++done >= expected) reached()
    },
    replies: {
      async expect (count) {
        expected += count
        if (done < expected) await new Promise(resolve => { reached = resolve })
        return 'done'
      }
    }
  }
}

function say (word) {
  process.stdout.write(word + '\n')
}
