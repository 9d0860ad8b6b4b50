/** WHO's maps as its validator carries them, for the runs that compare what they make. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Stores them, with the models and value sets that they come with, all in the state in which they are published: as drafts.
 * @param base FHIR base
 * @param token of a client that may write
 * @param folder of the maps
 */
export async function loadWhoMaps(base: string, token: string, folder: string): Promise<void> {
  const send = async (path: string, contentType: string, body: string) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': contentType }
    const answer = await fetch(`${base}/${path}`, { method: 'POST', headers, body })
    if (answer.status !== 201) throw new Error(`${path} is not stored: ${answer.status} ${await answer.text()}`)
  }
  const icvp = join(folder, 'icvp')
  for (const name of readdirSync(icvp)) {
    const text = readFileSync(join(icvp, name), 'utf8')
    await send((JSON.parse(text) as { resourceType: string }).resourceType, 'application/fhir+json', text)
  }
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.map')))
    await send('StructureMap', 'text/fhir-mapping', readFileSync(join(folder, name), 'utf8'))
}
