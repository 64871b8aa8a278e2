import "../overload.test";
