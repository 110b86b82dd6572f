// The SDK that is installed beside this file, whatever its exports are called.
export * from '@composio/core';
// Counts what agents pay for.
export { getEncoding } from 'js-tiktoken';
