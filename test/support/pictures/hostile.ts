import { endlessPdf } from './broken.ts'
import { pngFile } from './files.ts'
import { seeded } from './scene.ts'

/** A question with a picture, as costly as it is let in. */
interface HostilePicture {
  name: string
  body(): string
  statuses: number[]
  slow?: boolean
  bound: string
}

const question = (data: Uint8Array, beside = '""') =>
  `{"resourceType":"Parameters","parameter":[{"name":"credentialImage","valueAttachment":{"data":"${Buffer.from(data).toString('base64')}"}},{"name":"jurisdiction","valueCode":${beside}}]}`

function noise(width: number, height: number): Uint8Array {
  const random = seeded(1)
  return pngFile({ width, height, data: new Uint8Array(width * height).map(() => random() * 256) })
}

/** The worst pictures that are known. */
export const hostilePictures: HostilePicture[] = [
  {
    name: '9.9 MB of noise',
    body: () => question(noise(3150, 3140), '"XA"'),
    statuses: [200, 422],
    slow: true,
    bound: 'CPU time and memory of the job process',
  },
  {
    name: '24 megapixels in few bytes',
    body: () => question(pngFile({ width: 5600, height: 4200, data: new Uint8Array(5600 * 4200) }), '"XA"'),
    // A slow machine may need more for it than the computing that a picture has.
    statuses: [200, 422],
    bound: 'pixels by the header; CPU time and memory of the job process',
  },
  {
    name: 'a PDF that draws without end',
    body: () => question(endlessPdf(), '"XA"'),
    statuses: [422],
    slow: true,
    bound: 'CPU time of the job process',
  },
  {
    name: 'a picture with 900 kB of brackets beside it',
    body: () => question(new Uint8Array(9_900_000), `${'['.repeat(450_000)}${']'.repeat(450_000)}`),
    statuses: [400, 413],
    bound: 'what stands beside the picture, and depth',
  },
  {
    name: '14 MB that are no picture',
    body: () =>
      `{"resourceType":"Parameters","parameter":[${Array(200_000).fill('{"name":"credentialPart","valueString":"QUJDREVGR0g="}').join()}]}`,
    statuses: [413],
    bound: 'one base64 text makes the length, or nothing does',
  },
]
