/** Whoever can sign decisions: of all roles the API alone holds the private key (6-faults E8). */
export interface Signer {
  /** Public key (Ed25519, hex). */
  readonly publicKey: string;
  /** The signature over the text's UTF-8 bytes, in hex. */
  sign(text: string): string;
}
