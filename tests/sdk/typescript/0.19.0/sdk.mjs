// The SDK that is installed beside this file, whatever its exports are called.
export * from '@composio/core';
// Counts what agents pay for.
export { getEncoding } from 'js-tiktoken';
// Schemas of custom tools must be of a kind that the SDK knows.
export { z } from 'zod/v3';
