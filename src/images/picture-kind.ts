import { contradictory, wrong } from './picture-fault.ts'

/** The kinds of files that are read. */
export type PictureKind = 'png' | 'jpeg' | 'webp' | 'pdf'

const kindOfType: ReadonlyMap<string, PictureKind> = new Map([
  ['image/png', 'png'],
  ['image/jpeg', 'jpeg'],
  // Not registered, and written all the same.
  ['image/jpg', 'jpeg'],
  ['image/pjpeg', 'jpeg'],
  ['image/webp', 'webp'],
  ['application/pdf', 'pdf'],
])

const names = { png: 'PNG', jpeg: 'JPEG', webp: 'WebP', pdf: 'PDF' }

/**
 * The kind of a file, told by its bytes; what its media type says must agree.
 * @throws PictureFault for another kind, or a media type of another kind
 */
export function pictureKind(bytes: Uint8Array, contentType?: string): PictureKind {
  if (bytes.length === 0) throw wrong('There is no picture: no bytes')
  const kind = kindOf(bytes)
  if (!kind) throw wrong('The bytes are no PNG, JPEG, WebP or PDF')
  if (contentType === undefined) return kind
  const essence = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const told = kindOfType.get(essence)
  if (!told) throw contradictory('The contentType is none of image/png, image/jpeg, image/webp and application/pdf')
  if (told !== kind) throw contradictory(`The contentType says ${names[told]}, the bytes are ${names[kind]}`)
  return kind
}

function kindOf(bytes: Uint8Array): PictureKind | undefined {
  const starts = latin1(bytes.subarray(0, 1024))
  if (starts.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (starts.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (/^RIFF[\s\S]{4}WEBP/.test(starts)) return 'webp'
  // The mark may stand anywhere in the first kilobyte (ISO 32000-1, annex H); letters, a program or another picture before it may not.
  if (/^[\0\s\ufeff\xef\xbb\xbf]{0,64}%PDF-/.test(starts)) return 'pdf'
  return undefined
}

/** Bytes as the characters 0 to 255. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}
