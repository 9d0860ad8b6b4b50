/** A server that mirrors, with requests to it and participants who publish. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import supertest from 'supertest'
import type { Parameter, Resource } from '../../src/fhir/types.ts'
import { compactJws, jsonOf, openMirrorBed } from './mirror-bed.ts'
import { question, readVerdict } from './verdicts.ts'

/** Where participants publish. */
export const base = 'https://a.example/fhir'

/** The server, opened. */
export type MirrorServer = Awaited<ReturnType<typeof openMirrorServer>>

/** Opens a server with a MIRROR setting and the own content. */
export async function openMirrorServer(allow: object[], environment: Record<string, string> = {}) {
  const bed = await openMirrorBed(allow, environment)
  const http = createServer(bed.server.handler)
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  const send = (
    method: 'put' | 'post' | 'patch' | 'delete',
    path: string,
    body?: object,
    type = 'application/fhir+json',
  ) => {
    const request = supertest(http)[method](`/fhir/${path}`).set('Authorization', 'Bearer test')
    return body ? request.type(type).send(JSON.stringify(body)) : request
  }
  return {
    bed,
    send,
    get: (path: string) => supertest(http).get(`/fhir/${path}`),
    /** Of an address outside of FHIR. */
    getDocument: (path: string) => supertest(http).get(path),
    async ask(credential: string, ...more: Parameter[]) {
      const reply = await send('post', '$evaluate', question(credential, ...more))
      return readVerdict(reply.status, reply.body, reply.text)
    },
    /** Lets a participant publish, and mirrors it. */
    async publish(resource: Resource, { by = 'XXA', service = resource.resourceType } = {}) {
      const { upload, country } = bed.participants[by]!
      const at = `${base}/r/${by}-${resource.resourceType}-${resource.id}-${Math.random()}`
      bed.list(at, compactJws(jsonOf(resource), upload), { country, service })
      await bed.run()
      // What another process wrote shows within 5 ms.
      await new Promise((shown) => setTimeout(shown, 20))
      const url = 'url' in resource ? String(resource.url) : ''
      const copies = await bed.copies(resource.resourceType, url)
      const found = copies.find((each) => each.meta?.source === at)
      assert.ok(found, JSON.stringify(await bed.states()))
      return found
    },
    async close() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
      await bed.close()
    },
  }
}
