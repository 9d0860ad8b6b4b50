/** Child of run.ts: its lists change every few milliseconds, and it says from when on each counts. It is killed (-9) at any moment. */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTrustHistory } from '../../../../src/trust/history/history.ts'
import { historyFiles } from '../../../../src/trust/history/history-files.ts'
import { standing } from '../support.ts'

const [folder = '', round = ''] = process.argv.slice(2)
let told = new Date()
const history = openTrustHistory({
  files: historyFiles(folder),
  now: () => {
    told = new Date()
    return told
  },
  limits: { days: 400, bytes: 1_000_000_000 },
  circumstances: { software: 'test' },
})
for (let number = 0; ; number++) {
  const name = `${round}-${number}`
  const counts = await history.remember(standing(name))
  // From here on it counts: what comes of it is written afterwards.
  const written = counts()
  writeSync(1, `${told.getTime()} ${name}\n`)
  await written
  await sleep(2)
}
