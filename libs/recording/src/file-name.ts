export type FileKind = 'journal' | 'segments'

/** `<epoch>.<number>.<kind>`: the epoch sorts by the time at which it began, the number by the order of its files. */
export function fileName(epoch: string, number: number, kind: FileKind): string {
  return `${epoch}.${String(number).padStart(8, '0')}.${kind}`
}

export function parseFileName(name: string): { epoch: string; number: number; kind: FileKind } | undefined {
  const match = /^([A-Za-z0-9_-]{1,64})\.(\d{8})\.(journal|segments)$/.exec(name)
  return match === null ? undefined : { epoch: match[1]!, number: Number(match[2]), kind: match[3] as FileKind }
}
