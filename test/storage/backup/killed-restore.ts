/** Child of backup.test.ts: restores, and is killed (-9) when it comes to a step for the n-th time. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { MaintainedStore } from '../../../src/storage/backup/snapshot.ts'
import { restore, storeOf } from './support.ts'

const [dataDir = '', path = '', step = ''] = process.argv.slice(2)
const [name = '', at = ''] = step.split(' ')
let left = Number(at)
const killOrCount = () => {
  if (left-- === 0) process.kill(process.pid, 'SIGKILL')
}

function watched(store: MaintainedStore): MaintainedStore {
  return {
    ...store,
    async fill(options) {
      const filling = await store.fill(options)
      return {
        ...filling,
        version: async (version) => {
          if (name === 'fill') killOrCount()
          await filling.version(version)
        },
      }
    },
  }
}

if (name !== 'fill') {
  const real = fs[name as 'renameSync']
  const counted = (...args: Parameters<typeof real>) => {
    killOrCount()
    return real(...args)
  }
  Object.assign(fs, { [name]: counted })
  syncBuiltinESMExports()
}
await restore(dataDir, path, { replace: true, store: watched(await storeOf(dataDir)) })
console.error('never reached')
