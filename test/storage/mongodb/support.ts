/** What tests of the MongoDB store share. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Resource } from '../../../src/fhir/types.ts'
import type { Write } from '../../../src/storage/storage.ts'

/** A write of a resource under its id. */
export const put = (resource: Resource, more: Partial<Write> = {}): Write => ({
  method: 'PUT',
  type: resource.resourceType,
  id: String(resource.id),
  resource,
  ...more,
})

/** Waits until something is so, twenty seconds at most. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 25) {
    if (await isSo()) return
    await sleep(25)
  }
  assert.fail('it never came about')
}

/** How something was refused; it must be by an error of the interface. */
export async function refusal(answer: Promise<unknown>) {
  const error = await answer.then(
    () => assert.fail('it was not refused'),
    (reason) => reason,
  )
  assert.ok(error instanceof FhirError, String(error))
  return { status: error.status, text: error.message, headers: error.headers, code: error.issues[0]?.code }
}
