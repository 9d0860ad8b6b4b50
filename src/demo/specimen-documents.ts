/** Specimens for whoever tries the server out, as texts and as pictures. */
import type { FindDocument, PublicDocument } from '../base/public-document.ts'
import { demoIssuer } from './demo-issuer.ts'
import { type QrCode, qrCode } from './qr-code.ts'
import { type DemoCredential, specimens } from './specimens.ts'

/** What the specimens are made with. */
interface SpecimenParts {
  /** Where the issuer's keys are. */
  dataDir: string
  now: () => Date
}

/** What was made on one day: specimens carry dates. */
interface Day {
  date: string
  all: Promise<DemoCredential[]>
  list: Promise<PublicDocument>
  pictures: Map<string, Promise<QrCode | undefined>>
}

/** `/specimens`, and `/specimens/NAME.svg` or `.png` for each: for a server that trusts their issuer, and no other. */
export function specimenDocuments({ dataDir, now }: SpecimenParts): FindDocument {
  let day: Day | undefined
  const today = () => {
    const moment = now()
    const date = moment.toISOString().slice(0, 10)
    if (day?.date === date) return day
    const made = begin(date, specimens(demoIssuer(dataDir, moment), moment))
    day = made
    // Who asks is told; what failed is tried again.
    made.list.catch(() => {
      if (day === made) day = undefined
    })
    return made
  }
  return ({ path }) => {
    if (path === '/specimens') return today().list
    const [, name = '', kind] = /^\/specimens\/([a-z-]{1,64})\.(svg|png)$/.exec(path) ?? []
    return kind === undefined ? undefined : pictureOf(today(), name, kind === 'svg' ? 'svg' : 'png')
  }
}

function begin(date: string, all: Promise<DemoCredential[]>): Day {
  const list = all.then((specimen) =>
    documentOf({
      body: Buffer.from(JSON.stringify({ specimen })),
      contentType: 'application/json',
      route: '/specimens',
    }),
  )
  return { date, all, list, pictures: new Map() }
}

const documentOf = (document: PublicDocument): PublicDocument => ({ ...document, cacheControl: 'no-store' })

/** The code of a specimen; undefined when there is none of that name, or it is too long for one code. */
async function pictureOf(day: Day, name: string, kind: 'svg' | 'png'): Promise<PublicDocument | undefined> {
  const text = (await day.all).find((each) => each.name === name)?.text
  if (text === undefined) return undefined
  const drawn = day.pictures.get(name) ?? qrCode(text)
  day.pictures.set(name, drawn)
  const code = await drawn
  if (!code) return undefined
  return documentOf({
    body: Buffer.from(code[kind]),
    contentType: kind === 'svg' ? 'image/svg+xml' : 'image/png',
    route: '/specimens/:name',
  })
}
