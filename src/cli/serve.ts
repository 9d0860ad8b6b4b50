import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { loadBaseContentBeside } from './base-content.ts'
import { openLoadedServer } from './loaded-server.ts'

/** `vidimus serve`: starts the server; the base content of FHIR R4 is loaded behind it at the first start. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('starts the server')
    .action(async () => {
      const server = await openLoadedServer(readConfig())
      for (const { name, failure } of server.trust.status())
        if (failure) console.error(`trust list ${name}: ${failure}`)
      const stopping = new AbortController()
      const stop = new Promise<void>((done) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done())
      })
      void stop.then(() => stopping.abort())
      const { storage, pending, config } = server
      // Known before anybody can ask: what is not here yet must not be denied.
      const loading = await loadBaseContentBeside({ storage, pending, storageUrl: config.storageUrl }, stopping.signal)
      const address = await server.listen()
      console.log(`vidimus listens: ${address}/ (FHIR base ${address}/fhir)`)
      await stop
      await loading.done
      await server.close()
    })
}
