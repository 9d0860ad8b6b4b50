/** Child of over-http.ts: a whole server over the store of its environment, that says its port when it listens. */
import { writeSync } from 'node:fs'
import { readConfig } from '../../../src/config.ts'
import { createServer } from '../../../src/server.ts'

const server = await createServer(readConfig())
await server.listen()
writeSync(1, `${server.ports().port}\n`)
